# muster_embed_files(<output.cc> <header> <namespace> <function> FILES…): a source that defines `function`, declared in `header`
# as absl::string_view muster::<namespace>::function(absl::string_view name), which finds the text of each file by its name.
function(muster_embed_files output header namespace function)
  set(rows "")
  foreach(file IN LISTS ARGN)
    get_filename_component(name ${file} NAME)
    file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${file} text)
    string(APPEND rows "    {\"${name}\", R\"muster(${text})muster\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(CONCAT source
    "#include \"${header}\"\n\nnamespace muster::${namespace} {\nnamespace {\n"
    "struct EmbeddedFile {\n  absl::string_view name;\n  absl::string_view text;\n};\n"
    "constexpr EmbeddedFile kEmbeddedFiles[] = {\n${rows}};\n}  // namespace\n\n"
    "absl::string_view ${function}(absl::string_view name) {\n"
    "  for (const EmbeddedFile& file : kEmbeddedFiles) {\n    if (file.name == name) return file.text;\n  }\n"
    "  return {};\n}\n\n}  // namespace muster::${namespace}\n")
  if(EXISTS ${output})
    file(READ ${output} before)
  endif()
  if(NOT "${before}" STREQUAL "${source}")
    file(WRITE ${output} "${source}")
  endif()
endfunction()
