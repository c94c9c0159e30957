# Parses the scripts that are named and finds what Windows PowerShell 5.1 does not know: its parser is an older one of the same
# family, so what this one reads and none of its newer nodes stands in, that one reads as well.
$problems = 0
$newer = 'TernaryExpressionAst', 'PipelineChainAst'
foreach ($file in $args) {
    $tokens = $null
    $errors = $null
    $script = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref]$tokens, [ref]$errors)
    foreach ($e in $errors) { "${file}:$($e.Extent.StartLineNumber): $($e.Message)"; $problems++ }
    foreach ($node in $script.FindAll({ $true }, $true)) {
        $why = $null
        if ($newer -contains $node.GetType().Name) { $why = $node.GetType().Name }
        if ($node -is [System.Management.Automation.Language.BinaryExpressionAst] -and "$($node.Operator)" -like 'QuestionQuestion*') { $why = '??' }
        if ($node -is [System.Management.Automation.Language.AssignmentStatementAst] -and "$($node.Operator)" -like 'QuestionQuestion*') { $why = '??=' }
        if ($node -is [System.Management.Automation.Language.MemberExpressionAst] -and $node.NullConditional) { $why = '?.' }
        if ($node -is [System.Management.Automation.Language.CommandAst]) {
            # Join-Path with a third part is PowerShell 6's; a command that nobody knows is a slip of the pen.
            $name = $node.GetCommandName()
            if ($name -eq 'Join-Path' -and $node.CommandElements.Count -gt 3) { $why = 'Join-Path of three' }
            $known = @($script.FindAll({ $args[0] -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $true).Name)
            $known += 'Get-CimInstance', 'Get-Acl', 'Start-Service', 'Get-Service', 'Ninja-Property-Get'  # Windows has them.
            if ($name -and $known -notcontains $name -and -not (Get-Command $name -ErrorAction SilentlyContinue)) { $why = "no command $name" }
        }
        if ($why) { "${file}:$($node.Extent.StartLineNumber): $why"; $problems++ }
    }
}
exit [int]($problems -gt 0)
