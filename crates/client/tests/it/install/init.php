<?php
// A stand-in for an install's init.php. What it does is selected by the subject of the request, and by the file
// `behavior` beside it for what happens before the call.

$behavior = @file_get_contents(__DIR__ . '/behavior');

echo "<!-- a hook's greeting -->\n";
fwrite(STDOUT, "written around the output buffer\n");
echo $undefined_variable;
if (getcwd() !== __DIR__) {
    throw new Exception('the working directory is ' . getcwd());
}

switch ($behavior) {
    case 'exit':
        echo 'License invalid';
        exit(0);
    case 'fatal':
        no_such_function();
        break;
    case 'parse':
        eval('this is not PHP');
        break;
    case 'memory':
        ini_set('memory_limit', '16M');
        $hoard = str_repeat('x', 1 << 30);
        break;
    case 'killed':
        posix_kill(getmypid(), 9);
        break;
    case 'flood':
        while (true) {
            fwrite(STDOUT, str_repeat('x', 65536));
        }
}

function localAPI(string $action, array $postData, ?string $adminUsername = null): array|string
{
    // Hooks end buffers that are not theirs.
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    echo 'printed by a hook';
    trigger_error('a warning by a hook', E_USER_WARNING);
    switch ($postData['subject'] ?? '') {
        case 'exit':
            exit(3);
        case 'throw':
            throw new RuntimeException('The database has gone');
        case 'error':
            return ['result' => 'error', 'message' => 'Action not found'];
        case 'string':
            return 'success';
        case 'limit':
            return ['result' => 'error', 'message' => 'limit ' . ini_get('max_execution_time')];
        case 'nan':
            return ['result' => 'success', 'totalresults' => NAN];
        case 'slow':
            // A child that outlives its parent unless the whole group is ended.
            touch(__DIR__ . '/started');
            exec('sleep 1000');
            break;
        case 'setsid':
            // A child that left the process group.
            exec('setsid sleep 98765 >/dev/null 2>&1 & echo $!', $pid);
            file_put_contents(__DIR__ . '/started', $pid);
            sleep(1000);
            break;
        case 'holds':
            // A child that keeps all of PHP's pipes open.
            proc_open(['sleep', '43210'], [], $pipes);
            break;
        case 'environment':
            return ['result' => 'error', 'message' => implode(' ', array_keys(getenv()))];
        case 'background':
            exec('sleep 2 >/dev/null &');
            proc_open(['sleep', '2'], [], $pipes);
            break;
    }
    register_shutdown_function(static function (): void {
        echo 'printed at the end';
    });
    $ticket = [
        'id' => 7,
        'tid' => '516757',
        'deptid' => 1,
        'userid' => 0,
        'subject' => ($postData['subject'] ?? '') === 'latin1' ? "caf\xE9 <&>" : 'café ' . json_encode($postData),
        'name' => $action . ' as ' . var_export($adminUsername, true),
        'attachments' => [['filename' => 'a.png', 'index' => 0]],
        'attachments_removed' => false,
    ];
    $tickets = array_fill(0, ($postData['subject'] ?? '') === 'many' ? 20000 : 1, $ticket);
    foreach ($tickets as $index => &$one) {
        $one['id'] = 7 + $index;
    }
    return [
        'result' => 'success',
        'totalresults' => count($tickets),
        'startnumber' => $postData['limitstart'] ?? 0,
        'numreturned' => count($tickets),
        'tickets' => ['ticket' => $tickets],
    ];
}
