# What wine cannot show, looked at on a Windows machine: ten minutes, read-only but for the worker's own service (docs/windows.md).
# usage, in an elevated PowerShell 5.1:  .\check.ps1 -Msi .\muster-worker-0.1.0.msi -TokenFile C:\token [-ServerName NAME]
# Prints one line a check, "ok" or "FAILED", and ends with the number of failures. No secret is printed.
param(
    [Parameter(Mandatory = $true)][string] $Msi,
    [Parameter(Mandatory = $true)][string] $TokenFile,
    [string] $ServerName = ''
)
$ErrorActionPreference = 'Stop'
$script:failures = 0
$program = Join-Path $env:ProgramFiles 'Muster\muster-worker.exe'
$data = Join-Path $env:ProgramData 'Muster'

function Check([string] $What, [scriptblock] $Test) {
    try {
        $result = & $Test
        if ($result -eq $true) { Write-Output "ok      $What"; return }
        Write-Output "FAILED  $What ($result)"
    } catch {
        Write-Output "FAILED  $What ($($_.Exception.Message))"
    }
    $script:failures++
}

# Accounts with any right on a thing, as SIDs.
function Sids([string] $Path) {
    (Get-Acl -LiteralPath $Path).Access | ForEach-Object {
        $_.IdentityReference.Translate([System.Security.Principal.SecurityIdentifier]).Value
    } | Sort-Object -Unique
}

Check 'this is an elevated PowerShell' {
    $me = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
    $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
}
Check 'msiexec installs without a question' {
    $arguments = @('/i', "`"$((Resolve-Path $Msi).Path)`"", '/qn', '/l*v', "`"$env:TEMP\muster-install.log`"", "TOKENFILE=`"$TokenFile`"")
    if ($ServerName) { $arguments += "SERVERNAME=`"$ServerName`"" }
    $code = (Start-Process msiexec -ArgumentList $arguments -Wait -PassThru).ExitCode
    if ($code -eq 0) { $true } else { "exit code $code, see $env:TEMP\muster-install.log" }
}
Check 'the log of the installation has nothing of the token in it' {
    $secrets = Select-String -LiteralPath $TokenFile -Pattern '[A-Za-z0-9+/=_-]{20,}' -AllMatches | ForEach-Object { $_.Matches.Value }
    $log = Get-Content -Raw "$env:TEMP\muster-install.log"
    -not ($secrets | Where-Object { $log.Contains($_) })
}
Check 'the service runs as LocalSystem, starts delayed, and is restarted when it fails' {
    $service = Get-CimInstance Win32_Service -Filter "Name='muster-worker'"
    $failure = & sc.exe qfailure muster-worker | Out-String
    ($service.State -eq 'Running') -and ($service.StartName -eq 'LocalSystem') -and $service.DelayedAutoStart -and ($failure -match 'RESTART')
}
Check 'the data folder, and what is in it, belongs to SYSTEM and Administrators alone' {
    $allowed = @('S-1-5-18', 'S-1-5-32-544')
    $others = @($data) + (Get-ChildItem -Recurse $data).FullName | ForEach-Object { Sids $_ } | Where-Object { $allowed -notcontains $_ }
    if ($others) { "also: $($others -join ', ')" } else { $true }
}
Check 'the worker is in session within half a minute (its log says so)' {
    $log = Join-Path $data 'logs\muster-worker.log'
    foreach ($i in 1..60) {
        if ((Test-Path $log) -and (Select-String -LiteralPath $log -SimpleMatch 'session open' -Quiet)) { return $true }
        Start-Sleep -Milliseconds 500
    }
    "no 'session open' in $log"
}
Check 'the Certify service lets LocalSystem in by Negotiate' {
    Read-Host 'muster rollout create --zone ZONE --name SERVER --kind probe --watch; then Enter' | Out-Null
    $log = Get-Content -Raw (Join-Path $data 'logs\muster-worker.log')
    if ($log -match 'E-SERVICE-ACCESS-DENIED|E-SERVICE-UNTRUSTED') { $Matches[0] } else { $true }
}
Check 'events of the source "Muster Worker" have text' {
    Restart-Service muster-worker
    $events = Get-WinEvent -ErrorAction SilentlyContinue -FilterHashtable @{ LogName = 'Application'; ProviderName = 'Muster Worker' } -MaxEvents 5
    if (-not $events) { return $true }  # Nothing was wrong so far.
    -not ($events | Where-Object { $_.Message -match 'cannot be found' })
}
Check 'the worker ends in order within its 30 seconds' {
    $before = Get-Date
    Stop-Service muster-worker
    ((Get-Date) - $before).TotalSeconds -lt 30
}
Check 'a worker that is killed is started again' {
    Start-Service muster-worker
    $old = (Get-CimInstance Win32_Service -Filter "Name='muster-worker'").ProcessId
    Stop-Process -Id $old -Force
    Start-Sleep -Seconds 10
    $service = Get-CimInstance Win32_Service -Filter "Name='muster-worker'"
    ($service.State -eq 'Running') -and ($service.ProcessId -ne $old)
}
Check 'an installation over itself leaves the identity' {
    $before = (Get-FileHash (Join-Path $data 'certificate.pem')).Hash
    $code = (Start-Process msiexec -ArgumentList @('/fa', "`"$((Resolve-Path $Msi).Path)`"", '/qn') -Wait -PassThru).ExitCode
    ($code -eq 0) -and ($before -eq (Get-FileHash (Join-Path $data 'certificate.pem')).Hash)
}
Check 'nobody but administrators can change the program' {
    $writers = (Get-Acl $program).Access | Where-Object { $_.FileSystemRights -match 'Write|Modify|FullControl' } | ForEach-Object {
        $_.IdentityReference.Translate([System.Security.Principal.SecurityIdentifier]).Value }
    $strangers = $writers | Where-Object { $_ -notmatch '^S-1-5-(18|32-544|80-)' }
    if ($strangers) { "also: $($strangers -join ', ')" } else { $true }
}
Write-Output "$script:failures failed on $env:COMPUTERNAME, $((Get-CimInstance Win32_OperatingSystem).Caption)"
exit $script:failures
