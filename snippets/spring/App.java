package com.example;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient; // ? api
import org.springframework.web.util.HtmlUtils;

@SpringBootApplication
@RestController
public class App {

    public static void main(String[] arguments) {
        SpringApplication.run(App.class, arguments);
    }

    @GetMapping(path = "/", produces = "text/html")
    ResponseEntity<String> home(@AuthenticationPrincipal OidcUser user) {
        if (user != null) return ResponseEntity.status(303).header("Location", "/me").build();
        return ResponseEntity.ok("<!doctype html><title>App</title><a href=\"/oauth2/authorization/latchkey\">Sign in</a>");
    }

    @GetMapping("/api") // ? api
    String api(@RegisteredOAuth2AuthorizedClient("latchkey") OAuth2AuthorizedClient client) { // ? api
        return RestClient.create("__RESOURCE__").get() // ? api
                .headers(headers -> headers.setBearerAuth(client.getAccessToken().getTokenValue())) // ? api
                .retrieve().body(String.class); // ? api
    } // ? api

    /** client.getAccessToken() is for APIs: refreshed when a minute is left. */
    @GetMapping(path = "/me", produces = "text/html")
    String me(@AuthenticationPrincipal OidcUser user,
            @RegisteredOAuth2AuthorizedClient("latchkey") OAuth2AuthorizedClient client, CsrfToken csrf) {
        return """
                <!doctype html><title>App</title><p>%s, %s</p>
                <form method="post" action="/logout"><input type="hidden" name="%s" value="%s"><button>Sign out</button></form>
                """.formatted(HtmlUtils.htmlEscape(String.valueOf(user.getFullName())),
                HtmlUtils.htmlEscape(String.valueOf(user.getEmail())), csrf.getParameterName(), csrf.getToken());
    }
}
