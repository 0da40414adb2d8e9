using Microsoft.AspNetCore.Authentication.JwtBearer;

var builder = WebApplication.CreateBuilder(args);
builder.Services
    .AddAuthentication(JwtBearerDefaults.AuthenticationScheme)
    .AddJwtBearer(options =>
    {
        options.Authority = "__ISSUER__";
        options.RequireHttpsMetadata = false; // http is for trying out only // ? http
        options.Audience = "__RESOURCE__";
        options.MapInboundClaims = false;
        options.TokenValidationParameters.ValidTypes = ["at+jwt"];
        // What is bound to a key (DPoP) is of no use as a bearer token.
        options.Events = new JwtBearerEvents
        {
            OnTokenValidated = context =>
            {
                if (context.Principal?.HasClaim(claim => claim.Type == "cnf") == true) context.Fail("bound to a key");
                return Task.CompletedTask;
            },
        };
    });
builder.Services.AddAuthorizationBuilder().AddPolicy("scope", policy => policy.RequireAssertion(context =>
    context.User.FindFirst("scope")?.Value.Split(' ').Contains("__API_SCOPE_FIRST__") == true));

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();

app.MapGet("__RESOURCE_PATH__", (HttpContext context) => new
{
    you = context.User.FindFirst("sub")?.Value,
    by = context.User.FindFirst("client_id")?.Value,
}).RequireAuthorization("scope");

app.Run("http://localhost:__RESOURCE_PORT__");
