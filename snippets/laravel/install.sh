composer require laravel/socialite kovah/laravel-socialite-oidc
