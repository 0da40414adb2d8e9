import type { Provider, Session } from 'oidc-provider'
import { endGrant } from '../consent/end-grant.ts'

/** Ends a session with all that was issued in it, as the sign-out page does; apps are told in the background. */
export async function endSession(provider: Provider, session: Session): Promise<void> {
  await tellApps(provider, session)
  for (const { grantId, persistsLogout } of Object.values(session.authorizations ?? {}))
    if (grantId !== undefined && !persistsLogout) await endGrant(provider, grantId)
  await session.destroy()
}

/** Back-Channel Logout §2.5 for every app that this session signed in to. */
export async function tellApps(provider: Provider, session: Session): Promise<void> {
  const { accountId } = session
  if (accountId === undefined) return
  for (const clientId of Object.keys(session.authorizations ?? {})) {
    const client = await provider.Client.find(clientId)
    if (client?.backchannelLogoutUri === undefined) continue
    // The published types leave this method out; it hands over to the background at once (sign-out/back-channel.ts).
    const told = client as unknown as { backchannelLogout(sub: string, sid?: string): Promise<unknown> }
    await told.backchannelLogout(accountId, session.sidFor(clientId))
  }
}
