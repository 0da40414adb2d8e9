import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { currentAuditContext, setActor } from '../../shared/audit-context.ts'
import { impersonationOf } from '../../shared/impersonation.ts'
import type { ImpersonationEnded } from '../sessions/impersonations.ts'

/** What the protocol does that belongs into the audit log. Never a token. */
export type ProtocolSecurityEvent =
  | {
      type: 'token.revoked'
      client_id: string
      client_name?: string | undefined
      accountId?: string | undefined
      /** `revocation_endpoint` (RFC 7009); `replayed`: a code or refresh token came twice, and its family ended. */
      reason: 'revocation_endpoint' | 'replayed'
    }
  | { type: 'session.ended'; accountId: string; reason: 'signed_out' }

/** Emits an event for each revocation, replay and sign-out, and sets the client or account that caused it as the actor of the audit context. */
export function reportSecurityEvents(
  provider: Provider,
  {
    emit,
    impersonationEnded,
  }: { emit(event: ProtocolSecurityEvent): void; impersonationEnded: ImpersonationEnded },
): void {
  const revoked = ({ oidc }: KoaContextWithOIDC, reason: 'revocation_endpoint' | 'replayed') => {
    const { client, entities } = oidc
    if (client === undefined) return
    const { AccessToken, RefreshToken, AuthorizationCode } = entities
    const { clientId: client_id, clientName: client_name } = client
    setActor({ kind: 'client', id: client_id, ...(client_name !== undefined && { name: client_name }) })
    const accountId = (AccessToken ?? RefreshToken ?? AuthorizationCode)?.accountId
    emit({ type: 'token.revoked', client_id, client_name, accountId, reason })
  }

  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'revocation' || ctx.status !== 200) return
    const { AccessToken, RefreshToken, ClientCredentials } = oidc.entities
    const token = AccessToken ?? RefreshToken ?? ClientCredentials
    // The token of another client is left alone (RFC 7009 §2.1).
    if (token !== undefined && token.clientId === oidc.client?.clientId)
      revoked(ctx as KoaContextWithOIDC, 'revocation_endpoint')
  })
  provider.on('grant.revoked', (ctx) => {
    if (ctx.oidc.route === 'token') revoked(ctx, 'replayed')
  })
  provider.on('end_session.success', ({ oidc }) => {
    const { accountId, destroyed } = (oidc.session ?? {}) as { accountId?: string; destroyed?: boolean }
    // “Stay signed in” is a success as well.
    if (!destroyed || accountId === undefined) return
    const impersonation = impersonationOf(oidc.session)
    setActor({ kind: 'account', id: impersonation?.by ?? accountId })
    // The answer waits for it, as for every entry of the audit log.
    if (impersonation) {
      const recorded = impersonationEnded(impersonation.id, 'signed_out')
      currentAuditContext()?.settling.push(recorded)
    }
    emit({ type: 'session.ended', accountId, reason: 'signed_out' })
  })
}
