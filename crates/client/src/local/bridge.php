<?php
// Asks an install's own localAPI() and frames the answer, so that nothing which the install, its hooks or
// PHP print can be taken for it.
//
// Standard input: one JSON object with `nonce`, `root`, `action`, `parameters` and `admin`.
// Standard output: whatever is printed on the way, and last a frame: a line break, the nonce, a blank, the
// kind of frame, a blank, the payload's length in bytes, a line break, the payload.
//
// It runs in the global scope, as init.php expects of what includes it; hence the names. PHP 7.2 and later:
// what the oldest installs with an optional admin user name run on.

$gettickets_bridge = new class {
    /** How much of what was swallowed is handed back. */
    private const EXCERPT = 2000;

    private $nonce = '';
    private $stage = 'request';
    private $done = false;
    /** Freed when memory runs out, so that the frame that says so can still be made. */
    private $reserve = null;

    public function read(): ?array
    {
        $this->reserve = str_repeat('x', 262144);
        $request = json_decode((string) stream_get_contents(STDIN), true);
        if (!is_array($request) || !isset($request['nonce'], $request['root'], $request['action'])) {
            return null;
        }
        $this->nonce = (string) $request['nonce'];
        // Hooks may call exit, and PHP ends on a fatal error: both come through here.
        register_shutdown_function(function (): void {
            if ($this->done) {
                return;
            }
            $this->reserve = null;
            $last = error_get_last();
            $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
            if ($last !== null && ($last['type'] & $fatal) !== 0) {
                $this->fail('fatal', $last['message'], $last['file'], $last['line']);
            } else {
                $this->fail('exit');
            }
        });
        return $request;
    }

    public function enter(string $stage): void
    {
        $this->stage = $stage;
    }

    public function fail(string $kind, string $message = '', string $file = '', int $line = 0): void
    {
        $output = '';
        while (ob_get_level() > 0 && ($text = ob_get_clean()) !== false) {
            $output = $text . $output;
        }
        $this->frame($kind, (string) json_encode([
            'stage' => $this->stage,
            'message' => $message,
            'file' => $file,
            'line' => $line,
            'output' => substr($output, 0, self::EXCERPT),
        ], JSON_INVALID_UTF8_SUBSTITUTE));
    }

    /** @param mixed $reply */
    public function answer($reply): void
    {
        if (!is_array($reply)) {
            $this->fail('not-an-array', gettype($reply));
            return;
        }
        $flags = JSON_PRESERVE_ZERO_FRACTION | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;
        $json = json_encode($reply, $flags);
        if ($json === false && json_last_error() === JSON_ERROR_UTF8) {
            // XML carries the bytes as they are, so that whoever reads it can say where they stand.
            $this->frame('xml', '<?xml version="1.0" encoding="utf-8"?>' . $this->xml('whmcsapi', $reply));
            return;
        }
        if ($json === false) {
            $this->fail('encoding', json_last_error_msg());
            return;
        }
        $this->frame('json', $json);
    }

    /** @param mixed $value */
    private function xml(string $name, $value): string
    {
        if (!is_array($value)) {
            // As PHP casts them: false and null are empty, true is 1.
            return "<{$name}>" . strtr((string) $value, ['&' => '&amp;', '<' => '&lt;', '>' => '&gt;']) . "</{$name}>";
        }
        $is_list = $value !== [] && array_keys($value) === range(0, count($value) - 1);
        $inside = '';
        foreach ($value as $key => $item) {
            $inside .= $this->xml($is_list ? ($name === 'attachments' ? 'attachment' : $name) : (string) $key, $item);
        }
        // A list is its elements, one after the other; attachments alone have one around them.
        return $is_list && $name !== 'attachments' ? $inside : "<{$name}>{$inside}</{$name}>";
    }

    private function frame(string $kind, string $payload): void
    {
        $this->done = true;
        // STDOUT itself: output buffers, and whoever ends them, have no hand in it.
        fwrite(STDOUT, "\n{$this->nonce} {$kind} " . strlen($payload) . "\n");
        for ($at = 0, $length = strlen($payload); $at < $length; $at += $written) {
            $written = fwrite(STDOUT, $at === 0 ? $payload : substr($payload, $at));
            if ($written === false || $written === 0) {
                return;
            }
        }
        fflush(STDOUT);
    }
};

$gettickets_request = $gettickets_bridge->read();
if ($gettickets_request !== null) {
    ob_start();
    try {
        $gettickets_bridge->enter('init');
        $gettickets_init = $gettickets_request['root'] . '/init.php';
        if (!is_file($gettickets_init)) {
            $gettickets_bridge->fail('no-init');
        } else {
            chdir($gettickets_request['root']);
            require $gettickets_init;
            $gettickets_bridge->enter('call');
            if (!function_exists('localAPI')) {
                $gettickets_bridge->fail('no-local-api');
            } else {
                $gettickets_arguments = [$gettickets_request['action'], $gettickets_request['parameters'] ?? []];
                if (isset($gettickets_request['admin'])) {
                    $gettickets_arguments[] = $gettickets_request['admin'];
                }
                $gettickets_bridge->answer(localAPI(...$gettickets_arguments));
            }
        }
    } catch (\Throwable $gettickets_thrown) {
        $gettickets_bridge->fail(
            'exception',
            get_class($gettickets_thrown) . ': ' . $gettickets_thrown->getMessage(),
            $gettickets_thrown->getFile(),
            $gettickets_thrown->getLine()
        );
    }
}
