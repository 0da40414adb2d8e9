dotnet new web
dotnet add package Microsoft.AspNetCore.Authentication.OpenIdConnect
