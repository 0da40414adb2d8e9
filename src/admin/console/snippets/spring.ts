import { redirectNote } from './auth-js.ts'
import { SECRET, type Snippet } from './snippet.ts'

/** Spring Boot with Spring Security. PKCE is switched on by hand: before version 7 confidential clients did without. */
export const spring: Snippet = {
  id: 'spring',
  name: 'Spring Security',
  kinds: ['web'],
  fits: ({ secret }) => secret !== undefined,
  parts: ({ issuer, clientId, secret, redirectUri, scope }) => [
    {
      label: 'application.yml',
      text: `spring:
  security:
    oauth2:
      client:
        registration:
          latchkey:
            client-id: ${clientId}
            client-secret: \${${SECRET}}
            client-authentication-method: client_secret_${secret}
            authorization-grant-type: authorization_code
            redirect-uri: "{baseUrl}/login/oauth2/code/{registrationId}"
            scope: ${scope.split(' ').join(', ')}
        provider:
          latchkey:
            issuer-uri: ${issuer}
`,
    },
    {
      label: 'SecurityConfiguration.java',
      text: `import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.web.SecurityFilterChain;

@Configuration
class SecurityConfiguration {

    @Bean
    SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
        var resolver = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
        resolver.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
        return http
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .oauth2Login(login -> login
                        .authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(resolver)))
                .oauth2Client(Customizer.withDefaults())
                .build();
    }
}
`,
    },
    {
      label: 'build.gradle',
      text: "implementation 'org.springframework.boot:spring-boot-starter-oauth2-client'\n",
    },
    ...redirectNote(redirectUri, '/login/oauth2/code/latchkey'),
  ],
}
