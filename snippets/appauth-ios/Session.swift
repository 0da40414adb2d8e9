import AppAuth
import SwiftUI
import UIKit

/// Who is signed in. Keep `state` in the keychain (it can be archived); here it is gone with the app.
@MainActor
final class Session: ObservableObject {
    @Published var person: [String: Any]?
    private var state: OIDAuthState?
    private var flow: OIDExternalUserAgentSession?

    func signIn(from controller: UIViewController) {
        OIDAuthorizationService.discoverConfiguration(forIssuer: URL(string: "__ISSUER__")!) { found, error in
            guard let found else { return print(error ?? "no configuration") }
            let request = OIDAuthorizationRequest(
                configuration: found,
                clientId: "__CLIENT_ID__",
                clientSecret: nil,
                scopes: [__SCOPES_QUOTED__],
                redirectURL: URL(string: "__REDIRECT_URI__")!,
                responseType: OIDResponseTypeCode,
                additionalParameters: nil
            )
            self.flow = OIDAuthState.authState(byPresenting: request, presenting: controller) { state, error in
                self.state = state
                if state == nil { print(error ?? "not signed in") } else { self.load() }
            }
        }
    }

    /// Who it is. `performAction` refreshes first when the access token has ended.
    func load() {
        guard let state,
              let address = state.lastAuthorizationResponse.request.configuration.discoveryDocument?.userinfoEndpoint
        else { return }
        state.performAction { accessToken, _, error in
            guard let accessToken else { return print(error ?? "no token") }
            var request = URLRequest(url: address)
            request.setValue("Bearer \(accessToken)", forHTTPHeaderField: "Authorization")
            Task { @MainActor in
                guard let (data, _) = try? await URLSession.shared.data(for: request) else { return }
                self.person = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
            }
        }
    }

    /// Ends the refresh token, and with it what the app can do. The browser stays signed in at Latchkey.
    func signOut() {
        guard let token = state?.refreshToken else { return }
        var request = URLRequest(url: URL(string: "__ISSUER__/revoke")!)
        request.httpMethod = "POST"
        request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
        request.httpBody = Data("token=\(token)&client_id=__CLIENT_ID__".utf8)
        URLSession.shared.dataTask(with: request).resume()
        state = nil
        person = nil
    }
}
