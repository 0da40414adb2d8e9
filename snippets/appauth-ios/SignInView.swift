import SwiftUI
import UIKit

struct SignInView: View {
    @StateObject private var session = Session()

    var body: some View {
        if let person = session.person {
            Text("\(person["name"] as? String ?? ""), \(person["email"] as? String ?? "")")
            Button("Sign out") { session.signOut() }
        } else {
            Button("Sign in") {
                let scene = UIApplication.shared.connectedScenes.first as? UIWindowScene
                if let controller = scene?.keyWindow?.rootViewController { session.signIn(from: controller) }
            }
        }
    }
}
