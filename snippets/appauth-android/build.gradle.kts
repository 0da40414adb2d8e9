android {
    defaultConfig {
        manifestPlaceholders["appAuthRedirectScheme"] = "__REDIRECT_SCHEME__"
    }
}

dependencies {
    implementation("androidx.activity:activity-ktx:1.9.3")
    implementation("net.openid:appauth:0.11.1")
}
