# Installs the Muster worker on this machine, enrolls it and starts it: as SYSTEM or an elevated administrator, without a
# person, as often as you like. Windows PowerShell 5.1 or newer.
# Made by 'muster token snippet --for __FOR__'. It holds no secret.
__WHERE__
# The last line of its output is for programs, and the exit code says the same:
#   muster: result=RESULT code=CODE server=SERVER exit=EXIT
#   __BASE_NOTE__
#   0  enrolled, already-enrolled, pending (an operator has to admit it)     14 refused (CODE says why)
#   10 no-token           11 download-failed      12 wrong-hash              15 unreachable (try again later)
#   13 install-failed     17 not-elevated         19 unsupported-system      16 timeout
#   18 not-started        20 unsafe-token-file    22 failed (the line before says where)
# Proxy of the download: the variables MUSTER_PROXY or HTTPS_PROXY, else the system's. The worker itself dials out directly.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Set-StrictMode -Version 2

$PackageUrl = __PACKAGE_URL__
$PackageSha256 = __PACKAGE_SHA256__
$TimeLimit = __TIME_LIMIT__ # Seconds, for all of it.
$RetryPause = 5 # Seconds, where something may be over soon.
$ExitBase = __EXIT_BASE__

$System32 = Join-Path $env:SystemRoot 'System32'
$Deadline = (Get-Date).AddSeconds($TimeLimit)
$script:Server = '-'
$script:Scratch = $null
$script:Unsafe = $null

__TAKE_TOKEN__
function Write-Note([string]$Text) { Write-Output ('muster: ' + $Text) }

# What Exit-With throws: the end, with its words.
function Exit-With([string]$Result, [string]$Code, [int]$Exit) {
    throw (New-Object System.Management.Automation.RuntimeException ('MusterEnd|' + $Result + '|' + $Code + '|' + $Exit))
}

function Get-SecondsLeft { return [int][Math]::Floor(($Deadline - (Get-Date)).TotalSeconds) }

# Whether there is time for another try; waits until it is due.
function Test-Retry {
    if ((Get-SecondsLeft) -le $RetryPause) { return $false }
    Start-Sleep -Seconds $RetryPause
    return $true
}

# Runs a program until the time is up; what it reads are ASCII bytes without a mark in front.
function Invoke-Limited([string]$File, [string]$Arguments, [string]$InputText) {
    $left = Get-SecondsLeft
    if ($left -le 0) { Exit-With 'timeout' '-' 16 }
    $start = New-Object System.Diagnostics.ProcessStartInfo
    $start.FileName = $File
    $start.Arguments = $Arguments
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [System.Diagnostics.Process]::Start($start)
    $out = $process.StandardOutput.ReadToEndAsync()
    $err = $process.StandardError.ReadToEndAsync()
    try {
        $bytes = [System.Text.Encoding]::ASCII.GetBytes($InputText)
        $process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
        $process.StandardInput.BaseStream.Flush()
        $process.StandardInput.Close()
    } catch [System.IO.IOException] {
        Write-Verbose 'it ended without reading'
    }
    if (-not $process.WaitForExit($left * 1000)) {
        try { $process.Kill() } catch { Write-Verbose 'it ended by itself' }
        Exit-With 'timeout' '-' 16
    }
    $process.WaitForExit()
    return New-Object PSObject -Property @{ Code = $process.ExitCode; Output = ($out.Result + $err.Result) }
}

# "E-TOKEN-EXPIRED" of "muster-worker: E-TOKEN-EXPIRED: ..."; "-" where there is no code.
function Get-CodeIn([string]$Text) {
    $found = [regex]::Match($Text, 'E-[A-Z]+(-[A-Z]+)*')
    if ($found.Success) { return $found.Value }
    return '-'
}

# Several ways for RMMs to spoil a text: a mark in front, UTF-16, CRLF, "\n" in letters. What is left is ASCII.
function Format-Token([string]$Text) {
    $tidy = $Text.Replace('\n', ' ').Replace('\r', ' ')
    return [regex]::Replace($tidy, '[^\x20-\x7e\n]', '') + "`n"
}

# A token decides whom this machine believes, so nobody but administrators may have written the file. Of a file on a share
# its operator decides that.
function Test-FileIsOurs([string]$Path) {
    if ($Path.StartsWith('\\')) { return $true }
    $trusted = @('S-1-5-18', 'S-1-5-32-544', 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464')
    $sid = [System.Security.Principal.SecurityIdentifier]
    $acl = Get-Acl -LiteralPath $Path
    if ($trusted -notcontains $acl.GetOwner($sid).Value) { return $false }
    foreach ($rule in $acl.GetAccessRules($true, $true, $sid)) {
        # Writing, appending, deleting, changing permissions or owner.
        $writes = ([int]$rule.FileSystemRights -band 0xD0006) -ne 0
        if (($rule.AccessControlType -eq 'Allow') -and $writes -and ($trusted -notcontains $rule.IdentityReference.Value)) { return $false }
    }
    return $true
}

# Where the service manager has the worker; nothing where it is not installed.
function Get-Worker {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name='muster-worker'"
    if ($null -eq $service) { return $null }
    $found = [regex]::Match([string]$service.PathName, '^\s*(?:"([^"]+)"|(\S+))')
    if ($found.Groups[1].Success) { return $found.Groups[1].Value }
    return $found.Groups[2].Value
}

function New-Scratch {
    $script:Scratch = Join-Path (Join-Path $env:SystemRoot 'Temp') ('muster-' + [guid]::NewGuid().ToString('N'))
    [void](New-Item -ItemType Directory -Path $script:Scratch)
    # Users may write below that folder; here nobody but SYSTEM and administrators.
    $limits = Invoke-Limited (Join-Path $System32 'icacls.exe') ('"' + $script:Scratch + '" /inheritance:r /grant *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F') ''
    if ($limits.Code -ne 0) { throw 'the folder for temporary files could not be closed to others' }
}

function Get-Package([string]$Target) {
    if ($PackageUrl -notmatch '^https?://') {
        Copy-Item -LiteralPath $PackageUrl -Destination $Target
        return
    }
    [System.Net.ServicePointManager]::SecurityProtocol = [System.Net.ServicePointManager]::SecurityProtocol -bor 3072 # TLS 1.2
    $request = @{ Uri = $PackageUrl; OutFile = $Target; UseBasicParsing = $true; TimeoutSec = [Math]::Max(1, (Get-SecondsLeft)) }
    foreach ($proxy in @($env:MUSTER_PROXY, $env:HTTPS_PROXY)) {
        if ($proxy -and -not $request.ContainsKey('Proxy')) {
            $request['Proxy'] = $proxy
            $request['ProxyUseDefaultCredentials'] = $true
        }
    }
    Invoke-WebRequest @request
}

function Install-Worker {
    New-Scratch
    $package = Join-Path $script:Scratch 'muster-worker.msi'
    Write-Note 'fetching the package'
    while ($true) {
        try {
            Get-Package $package
            break
        } catch {
            Write-Note ('the download failed: ' + $_.Exception.Message)
            if (-not (Test-Retry)) {
                if ((Get-SecondsLeft) -le 0) { Exit-With 'timeout' '-' 16 }
                Exit-With 'download-failed' '-' 11
            }
        }
    }
    # Held open until it is installed: nobody changes it behind the check.
    $held = [System.IO.File]::Open($package, 'Open', 'Read', 'Read')
    try {
        $hash = [System.Security.Cryptography.SHA256]::Create()
        $found = [System.BitConverter]::ToString($hash.ComputeHash($held)).Replace('-', '').ToLowerInvariant()
        if ($found -ne $PackageSha256) {
            Write-Note ('the package''s SHA-256 is ' + $found + ' instead of ' + $PackageSha256 + '; nothing was installed')
            Exit-With 'wrong-hash' '-' 12
        }
        Write-Note 'installing'
        while ($true) {
            $done = Invoke-Limited (Join-Path $System32 'msiexec.exe') ('/i "' + $package + '" /qn /norestart') ''
            # 3010 and 1641: installed, a restart is due. 1618: another installation runs, which may take minutes.
            if (@(0, 3010, 1641) -contains $done.Code) { break }
            Write-Note ('msiexec ended with ' + $done.Code)
            if (($done.Code -ne 1618) -or -not (Test-Retry)) { Exit-With 'install-failed' '-' 13 }
        }
    } finally {
        $held.Dispose()
    }
    if (-not (Get-Worker)) {
        Write-Note 'the package brought no service muster-worker'
        Exit-With 'install-failed' '-' 13
    }
}

function Read-Server([string]$Text, [string]$Pattern) {
    $found = [regex]::Match($Text, $Pattern)
    if ($found.Success) { $script:Server = $found.Groups[1].Value }
}

# Sets $script:Result.
function Register-Worker([string]$Token) {
    while ($true) {
        $done = Invoke-Limited (Get-Worker) 'enroll --token-file -' $Token
        Write-Output $done.Output.TrimEnd()
        if ($done.Code -eq 0) { break }
        $code = Get-CodeIn $done.Output
        if (@('-', 'E-CLOCK-SKEW', 'E-BOOTSTRAP-RATE-LIMITED', 'E-SYSTEM-DATA-DIR-BUSY') -notcontains $code) { Exit-With 'refused' $code 14 }
        if (-not (Test-Retry)) { Exit-With 'unreachable' $code 15 }
    }
    Read-Server $done.Output 'nrolled as (\S+) in zone '
    $script:Result = 'enrolled'
    if ($done.Output -match '(?m)^Already enrolled') { $script:Result = 'already-enrolled' }
    if ($done.Output -match 'waits for an operator') { $script:Result = 'pending' }
}

# Without a token: a machine that is enrolled and not refused has what it needs.
function Test-Enrolled {
    if (-not (Get-Worker)) { return $false }
    $done = Invoke-Limited (Get-Worker) 'status' ''
    if (($done.Code -ne 0) -or ($done.Output -match '(?m)^(refused|problem) ')) { return $false }
    Read-Server $done.Output '(?m)^server +(\S+)'
    $script:Result = 'already-enrolled'
    return $true
}

function Start-Worker {
    try {
        Start-Service -Name 'muster-worker'
    } catch {
        Write-Note ('the service did not start: ' + $_.Exception.Message)
    }
    if ([string](Get-Service -Name 'muster-worker').Status -ne 'Running') { Exit-With 'not-started' '-' 18 }
}

function Invoke-Main {
    # Integrity level high or system; every token of Windows names one.
    $groups = Invoke-Limited (Join-Path $System32 'whoami.exe') '/groups' ''
    if ($groups.Output -notmatch 'S-1-16-(12288|16384)') { Exit-With 'not-elevated' '-' 17 }
    $token = Get-Token
    if ($token) {
        if (-not (Get-Worker)) { Install-Worker }
        Register-Worker (Format-Token $token)
    } elseif ($script:Unsafe) {
        Write-Note $script:Unsafe
        Exit-With 'unsafe-token-file' '-' 20
    } elseif (Test-Enrolled) {
        Write-Note 'no token, and none is needed'
    } else {
        Write-Note $NoToken
        Exit-With 'no-token' '-' 10
    }
    Start-Worker
    Exit-With $script:Result '-' 0
}

$end = @('MusterEnd', 'failed', '-', '22')
try {
    Invoke-Main
} catch {
    if ($_.Exception.Message.StartsWith('MusterEnd|')) {
        $end = $_.Exception.Message.Split('|')
    } else {
        Write-Note ('line ' + $_.InvocationInfo.ScriptLineNumber + ': ' + $_.Exception.Message)
    }
} finally {
    if ($script:Scratch) { Remove-Item -LiteralPath $script:Scratch -Recurse -Force -ErrorAction SilentlyContinue }
    Clear-Token
}
$exit = [int]$end[3]
if ($exit -ne 0) { $exit = $exit + $ExitBase }
Write-Output ('muster: result=' + $end[1] + ' code=' + $end[2] + ' server=' + $script:Server + ' exit=' + $exit)
exit $exit
