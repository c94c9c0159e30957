$TokenFile = __TOKEN_FILE__
$KeepTokenFile = __KEEP_TOKEN_FILE__
$NoToken = 'there is no token file ' + $TokenFile
function Get-Token {
    if (-not (Test-Path -LiteralPath $TokenFile -PathType Leaf)) { return $null }
    if (-not (Test-FileIsOurs $TokenFile)) {
        $script:Unsafe = $TokenFile + ' has to belong to administrators, and nobody else may write it'
        return $null
    }
    return [System.IO.File]::ReadAllText($TokenFile)
}
function Clear-Token {
    if ($KeepTokenFile) { return }
    Remove-Item -LiteralPath $TokenFile -Force -ErrorAction SilentlyContinue
}
