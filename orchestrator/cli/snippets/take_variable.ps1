$NoToken = 'neither the variable __VARIABLE__ nor the environment variable of that name holds a token'
function Get-Token {
    $value = Get-Variable -Name '__VARIABLE__' -ValueOnly -ErrorAction SilentlyContinue
    if ($value) { return [string]$value }
    return [System.Environment]::GetEnvironmentVariable('__VARIABLE__')
}
function Clear-Token { [System.Environment]::SetEnvironmentVariable('__VARIABLE__', $null) }
