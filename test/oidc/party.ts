import type { Latchkey } from '../support/latchkey.ts'
import { discover, type RelyingParty } from '../support/relying-party.ts'

/** Registers a client and returns it as an independent relying party; a confidential web app unless told otherwise. */
export async function registerParty(
  latchkey: Latchkey,
  metadata: Record<string, unknown> = {},
): Promise<RelyingParty & { clientId: string; redirectUri: string }> {
  const client = await latchkey.createClient(metadata)
  const [redirectUri] = (metadata.redirect_uris as string[] | undefined) ?? [client.redirect_uri]
  const party = await discover({
    issuer: latchkey.issuer,
    clientId: client.client_id,
    auth: client.client_secret
      ? { method: 'client_secret_basic', secret: client.client_secret }
      : { method: 'none' },
    ...(redirectUri !== undefined && { redirectUri }),
  })
  return { ...party, clientId: client.client_id, redirectUri: redirectUri ?? '' }
}
