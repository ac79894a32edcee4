<?php
// A GetTickets endpoint with documented replies, for PHP's built-in server. `status` selects a misbehavior.

$tickets = [];
for ($id = 300; $id >= 1; $id--) {
    $tickets[] = [
        'id' => (string) $id, 'tid' => (string) (100000 + $id), 'deptid' => '1', 'userid' => '7',
        'name' => 'Cynthia Reilly', 'owner_name' => 'Cynthia Reilly', 'email' => 'testuser@example.com',
        'requestor_name' => 'Cynthia Reilly', 'requestor_email' => 'testuser@example.com',
        'requestor_type' => 'Owner', 'cc' => '', 'c' => 'KPqH7yG3',
        'date' => '2016-01-01 06:26:29', 'subject' => "Größe & <$id>", 'status' => 'Answered', 'priority' => 'Medium',
        'admin' => '', 'attachment' => '', 'attachments' => [], 'attachments_removed' => false,
        'lastreply' => date('Y-m-d H:i:s', 1700000000 + 60 * $id), 'flag' => '0', 'service' => '',
    ];
}

function reply(array $data): void
{
    if (($_POST['responsetype'] ?? '') === 'xml') {
        header('Content-Type: application/xml');
        echo "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<whmcsapi version=\"8.13.1\"><action>gettickets</action>";
        xml($data);
        echo '</whmcsapi>';
        return;
    }
    header('Content-Type: application/json');
    $json = json_encode($data);
    echo $json === false ? json_encode([
        'result' => 'error',
        'message' => 'Error generating JSON encoded response: ' . json_last_error_msg(),
    ]) : $json;
}

function xml(array $data, string $item = 'ticket'): void
{
    foreach ($data as $key => $value) {
        $name = is_int($key) ? $item : $key;
        echo "<$name>";
        if (is_array($value)) {
            xml($value, $name === 'attachments' ? 'attachment' : 'ticket');
        } else {
            echo str_replace(['&', '<', '>'], ['&amp;', '&lt;', '&gt;'], (string) $value);
        }
        echo "</$name>";
    }
}

function refuse(string $message): never
{
    http_response_code(403);
    reply(['result' => 'error', 'message' => $message]);
    exit;
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST' || ($_POST['action'] ?? '') !== 'GetTickets') {
    refuse('Action not found');
}
if (($_POST['identifier'] ?? '') !== 'my-identifier' || ($_POST['secret'] ?? '') !== 'my-secret') {
    refuse('Authentication Failed');
}
switch ($_POST['status'] ?? '') {
    case 'notice':
        ini_set('display_errors', '1');
        ini_set('html_errors', '1');
        echo $undefined;
        break;
    case 'fatal':
        ini_set('display_errors', '1');
        ini_set('memory_limit', '4M');
        $text = str_repeat('x', 64 << 20);
        break;
    case 'exception':
        ini_set('display_errors', '0');
        throw new Exception('The database has gone');
    case 'exit':
        exit;
    case 'latin1':
        $tickets[0]['subject'] = "caf\xe9";
        break;
}
if (isset($_POST['subject'])) {
    $tickets[0]['subject'] = $_POST['subject'];
}
$start = (int) ($_POST['limitstart'] ?? 0);
$page = array_slice($tickets, $start, (int) ($_POST['limitnum'] ?? 25));
reply([
    'result' => 'success',
    'totalresults' => (string) count($tickets),
    'startnumber' => $start,
    'numreturned' => count($page),
    'tickets' => ($_POST['responsetype'] ?? '') === 'xml' ? $page : ['ticket' => $page],
]);
