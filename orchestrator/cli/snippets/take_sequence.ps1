$NoToken = 'the task sequence variable __VARIABLE__ holds no token, or no task sequence runs'
function Get-Token {
    try {
        $sequence = New-Object -ComObject 'Microsoft.SMS.TSEnvironment'
        return [string]$sequence.Value('__VARIABLE__')
    } catch {
        return $null
    }
}
function Clear-Token {
    try {
        $sequence = New-Object -ComObject 'Microsoft.SMS.TSEnvironment'
        $sequence.Value('__VARIABLE__') = ''
    } catch {
        Write-Verbose 'no task sequence'
    }
}
