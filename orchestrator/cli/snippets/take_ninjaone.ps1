$NoToken = 'neither the script variable __VARIABLE__ nor the custom field __VARIABLE__ holds a token'
function Get-Token {
    $value = [System.Environment]::GetEnvironmentVariable('__VARIABLE__')
    if ($value) { return $value }
    try {
        return ((Ninja-Property-Get '__VARIABLE__') -join "`n")
    } catch {
        return $null
    }
}
function Clear-Token { [System.Environment]::SetEnvironmentVariable('__VARIABLE__', $null) }
