<?php

return [
    'oidc' => [
        'base_url' => '__ISSUER__',
        'client_id' => '__CLIENT_ID__',
        'client_secret' => env('LATCHKEY_CLIENT_SECRET'),
        'redirect' => '__REDIRECT_URI__',
        'verify_jwt' => true,
    ],
];
