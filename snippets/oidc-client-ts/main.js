import { UserManager } from 'oidc-client-ts'

const manager = new UserManager({
  authority: '__ISSUER__',
  client_id: '__CLIENT_ID__',
  redirect_uri: '__REDIRECT_URI__',
  post_logout_redirect_uri: '__POST_LOGOUT_URI__',
  scope: '__SCOPE__',
  // Renewed by the refresh token, a minute before the access token ends.
  automaticSilentRenew: true,
  accessTokenExpiringNotificationTimeInSeconds: 60,
})

function show(user) {
  document.querySelector('#person').textContent = user
    ? `${user.profile.name}, ${user.profile.email}`
    : 'Nobody is signed in.'
  document.querySelector('#sign-in').hidden = Boolean(user)
  document.querySelector('#sign-out').hidden = !user
}

document.querySelector('#sign-in').addEventListener('click', () => manager.signinRedirect())
document.querySelector('#sign-out').addEventListener('click', () => manager.signoutRedirect())
manager.events.addUserLoaded(show)
manager.events.addUserUnloaded(() => show(null))

if (location.pathname === '__CALLBACK_PATH__' && location.search.includes('state=')) {
  await manager.signinCallback()
  history.replaceState(null, '', '/')
}
show(await manager.getUser())
