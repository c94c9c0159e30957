# For PowerShell where there is no Windows: what only Windows has, as functions, which come before cmdlets. Then the script.
param([string]$Script)
$global:StandIns = $env:STAND_INS

function global:Get-CimInstance([string]$ClassName, [string]$Filter) {
    $program = Join-Path $global:StandIns 'bin/muster-worker'
    if (Test-Path $program) { return New-Object PSObject -Property @{ PathName = '"' + $program + '" run' } }
}
function global:Start-Service([string]$Name) {
    if (Test-Path (Join-Path $global:StandIns 'no-start')) { throw 'it cannot be started' }
}
function global:Get-Service([string]$Name) {
    $status = 'Running'
    if (Test-Path (Join-Path $global:StandIns 'no-start')) { $status = 'Stopped' }
    if ($status -eq 'Running') { Set-Content -Path (Join-Path $global:StandIns 'started') -Value '' }
    return New-Object PSObject -Property @{ Status = $status }
}
# Owned by Administrators; readable by Users; where the test says so, writable by them.
function global:Get-Acl([string]$LiteralPath) {
    $acl = New-Object PSObject
    $acl | Add-Member ScriptMethod GetOwner { return New-Object PSObject -Property @{ Value = 'S-1-5-32-544' } }
    $acl | Add-Member ScriptMethod GetAccessRules {
        $rights = 0x1200A9
        if (Test-Path (Join-Path $global:StandIns 'acl-of-others')) { $rights = 0x1301BF }
        foreach ($row in @(@('S-1-5-18', 0x1F01FF), @('S-1-5-32-545', $rights))) {
            New-Object PSObject -Property @{
                FileSystemRights = $row[1]; AccessControlType = 'Allow'
                IdentityReference = (New-Object PSObject -Property @{ Value = $row[0] })
            }
        }
    }
    return $acl
}

& $Script
exit $LASTEXITCODE
