using System.Net;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddAuthorization();
builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = "__ISSUER__";
        options.RequireHttpsMetadata = false; // http is for trying out only // ? http
        options.ClientId = "__CLIENT_ID__";
        options.ClientSecret = builder.Configuration["LATCHKEY_CLIENT_SECRET"];
        options.ResponseType = "code";
        options.ResponseMode = "query";
        options.UsePkce = true;
        options.CallbackPath = "__CALLBACK_PATH__";
        options.SignedOutCallbackPath = "/signed-out";
        options.MapInboundClaims = false;
        options.SaveTokens = true;
        options.Scope.Clear();
        foreach (var scope in "__SCOPE__".Split(' ')) options.Scope.Add(scope);
    });

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("/", (HttpContext context) => Results.Content(
    context.User.Identity?.IsAuthenticated == true
        ? $"<p>{WebUtility.HtmlEncode($"{context.User.FindFirst("name")?.Value}, {context.User.FindFirst("email")?.Value}")}</p><a href=\"/logout\">Sign out</a>"
        : "<a href=\"__LOGIN_PATH__\">Sign in</a>",
    "text/html"));

app.MapGet("__LOGIN_PATH__", () => Results.Challenge(new AuthenticationProperties { RedirectUri = "/" }));

// Comes back to __POST_LOGOUT_URI__, and from there to the first page.
app.MapGet("/logout", () => Results.SignOut(
    new AuthenticationProperties { RedirectUri = "/" },
    [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]));

app.Run("http://localhost:__PORT__");
