<?php

use Illuminate\Http\Request;
use Illuminate\Support\Facades\Route;
use Laravel\Socialite\Facades\Socialite;

Route::get('/', function (Request $request) {
    $person = $request->session()->get('person');
    return $person
        ? '<p>' . e("{$person['name']}, {$person['email']}") . '</p><a href="/logout">Sign out</a>'
        : '<a href="__LOGIN_PATH__">Sign in</a>';
});

Route::get('__LOGIN_PATH__', fn () => Socialite::driver('oidc')
    ->setScopes(explode(' ', '__SCOPE__'))
    ->enablePKCE()
    ->redirect());

Route::get('__CALLBACK_PATH__', function (Request $request) {
    $user = Socialite::driver('oidc')->enablePKCE()->user();
    $request->session()->regenerate();
    $request->session()->put('person', [
        'sub' => $user->getId(),
        'name' => $user->getName(),
        'email' => $user->getEmail(),
    ]);
    return redirect('/');
});

Route::get('/logout', function (Request $request) {
    $request->session()->invalidate();
    return redirect()->away('__ISSUER__/logout?' . http_build_query([
        'client_id' => '__CLIENT_ID__',
        'post_logout_redirect_uri' => '__POST_LOGOUT_URI__',
    ]));
});
