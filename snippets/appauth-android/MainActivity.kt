import android.net.Uri
import android.os.Bundle
import android.widget.Button
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts.StartActivityForResult
import java.net.HttpURLConnection
import java.net.URL
import kotlin.concurrent.thread
import net.openid.appauth.AuthState
import net.openid.appauth.AuthorizationException
import net.openid.appauth.AuthorizationRequest
import net.openid.appauth.AuthorizationResponse
import net.openid.appauth.AuthorizationService
import net.openid.appauth.AuthorizationServiceConfiguration
import net.openid.appauth.ResponseTypeValues
import org.json.JSONObject

class MainActivity : ComponentActivity() {
    private val service by lazy { AuthorizationService(this) }
    private lateinit var button: Button

    // Keep state.jsonSerializeString() where only this app reads it; here it is gone with the activity.
    private var state = AuthState()

    /** Back from the browser: the code, which is exchanged here. */
    private val browser = registerForActivityResult(StartActivityForResult()) { result ->
        val data = result.data ?: return@registerForActivityResult
        val response = AuthorizationResponse.fromIntent(data)
        state.update(response, AuthorizationException.fromIntent(data))
        response?.let {
            service.performTokenRequest(it.createTokenExchangeRequest()) { tokens, error ->
                state.update(tokens, error)
                if (tokens != null) load()
            }
        }
    }

    override fun onCreate(saved: Bundle?) {
        super.onCreate(saved)
        button = Button(this)
        setContentView(button)
        showSignIn()
    }

    private fun showSignIn() {
        button.text = "Sign in"
        button.setOnClickListener { signIn() }
    }

    private fun signIn() {
        AuthorizationServiceConfiguration.fetchFromIssuer(Uri.parse("__ISSUER__")) { found, error ->
            if (found == null) throw IllegalStateException(error)
            state = AuthState(found)
            val request = AuthorizationRequest.Builder(
                found,
                "__CLIENT_ID__",
                ResponseTypeValues.CODE,
                Uri.parse("__REDIRECT_URI__"),
            ).setScope("__SCOPE__").build()
            browser.launch(service.getAuthorizationRequestIntent(request))
        }
    }

    /** Who it is. `performActionWithFreshTokens` refreshes first when the access token has ended. */
    private fun load() {
        state.performActionWithFreshTokens(service) { accessToken, _, _ ->
            if (accessToken == null) return@performActionWithFreshTokens
            thread {
                val call = URL("__ISSUER__/userinfo").openConnection() as HttpURLConnection
                call.setRequestProperty("Authorization", "Bearer $accessToken")
                val person = JSONObject(call.inputStream.bufferedReader().readText())
                runOnUiThread {
                    button.text = "${person.optString("name")}, ${person.optString("email")}: sign out"
                    button.setOnClickListener { signOut() }
                }
            }
        }
    }

    /** Ends the refresh token, and with it what the app can do. The browser stays signed in at Latchkey. */
    private fun signOut() {
        val token = state.refreshToken
        thread {
            val call = URL("__ISSUER__/revoke").openConnection() as HttpURLConnection
            call.requestMethod = "POST"
            call.doOutput = true
            call.outputStream.use { it.write("token=$token&client_id=__CLIENT_ID__".toByteArray()) }
            call.responseCode
        }
        state = AuthState()
        showSignIn()
    }

    override fun onDestroy() {
        service.dispose()
        super.onDestroy()
    }
}
