/** The client information response (RFC 7591 §3.2.1, RFC 7592 §3). */
export type ClientInformation = Record<string, unknown>

/** What the server decides, and the client has to know. */
const ISSUED = ['client_id', 'client_id_issued_at', 'client_secret', 'client_secret_expires_at']

/**
 * What a client gets to know of itself: what it is registered with, and where it looks after it.
 * @param settable the fields that a client may say of itself
 */
export function clientInformation(
  client: { client_id: string },
  { endpoint, token, settable }: { endpoint: string; token: string; settable: readonly string[] },
): ClientInformation {
  const all = client as ClientInformation
  const shown = [...ISSUED, ...settable].filter((name) => all[name] !== undefined)
  return {
    ...Object.fromEntries(shown.map((name) => [name, all[name]])),
    registration_client_uri: `${endpoint}/${client.client_id}`,
    registration_access_token: token,
  }
}
