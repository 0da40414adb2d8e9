LATCHKEY_CLIENT_SECRET='…' mvn spring-boot:run # ? secret
mvn spring-boot:run # ? key
