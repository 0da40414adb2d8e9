package com.example;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.oauth2.core.OAuth2Error;
import org.springframework.security.oauth2.core.OAuth2TokenValidatorResult;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTypeValidator;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.SecurityFilterChain;

@Configuration
class SecurityConfiguration {

    private static final String ISSUER = "__ISSUER__";
    private static final String SCOPE = "__API_SCOPE_FIRST__";

    /** Access tokens are of the type at+jwt (RFC 9068), which Spring's own decoder refuses. */
    @Bean
    JwtDecoder jwtDecoder() {
        var decoder = NimbusJwtDecoder.withIssuerLocation(ISSUER).validateType(false).build();
        decoder.setJwtValidator(JwtValidators.createDefaultWithValidators(
                new JwtIssuerValidator(ISSUER),
                new JwtTypeValidator("at+jwt"),
                new JwtAudienceValidator("__RESOURCE__"),
                SecurityConfiguration::notBound));
        return decoder;
    }

    /** What is bound to a key (DPoP) is of no use as a bearer token. */
    private static OAuth2TokenValidatorResult notBound(Jwt token) {
        return token.hasClaim("cnf")
                ? OAuth2TokenValidatorResult.failure(new OAuth2Error("invalid_token", "bound to a key", null))
                : OAuth2TokenValidatorResult.success();
    }

    @Bean
    SecurityFilterChain security(HttpSecurity http) throws Exception {
        return http
                .authorizeHttpRequests(requests -> requests
                        .requestMatchers("__RESOURCE_PATH__").hasAuthority("SCOPE_" + SCOPE)
                        .anyRequest().authenticated())
                .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .build();
    }
}
