<?php

namespace App\Providers;

use Illuminate\Support\Facades\Event;
use Illuminate\Support\ServiceProvider;
use SocialiteProviders\Manager\SocialiteWasCalled;
use SocialiteProviders\OIDC\Provider;

class AppServiceProvider extends ServiceProvider
{
    public function boot(): void
    {
        Event::listen(fn (SocialiteWasCalled $event) => $event->extendSocialite('oidc', Provider::class));
    }
}
