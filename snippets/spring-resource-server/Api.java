package com.example;

import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Api {

    public static void main(String[] arguments) {
        SpringApplication.run(Api.class, arguments);
    }

    @GetMapping("__RESOURCE_PATH__")
    Map<String, String> read(@AuthenticationPrincipal Jwt token) {
        return Map.of("you", token.getSubject(), "by", token.getClaimAsString("client_id"));
    }
}
