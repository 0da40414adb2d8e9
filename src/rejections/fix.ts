import { AppError } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import { type RedirectFix, redirectFix } from './redirect-fix.ts'
import type { ClientNow, Rejection, RuleContext } from './rejection.ts'
import type { RejectionsDependencies } from './rejections.ts'

/** `replace`: the sent URI takes the place of the one it is like; `add`: both are registered. */
export type FixMode = 'add' | 'replace'

/** A change that may be made, and the state of the client that it was worked out from. */
export interface OfferedFix extends RedirectFix {
  clientId: string
  clientName: string
  /** The redirect URIs now, and after each of the two. */
  before: string[]
  after: Record<FixMode, string[]>
  /** Of the client that was looked at. */
  version: string
}

type FixContext = Pick<RuleContext, 'client' | 'owners'>

/** The redirect URI that a client sent and that was refused for not being registered; else undefined. */
function refusedUri({ details, error, endpoint, description }: Rejection): string | undefined {
  if (endpoint !== 'authorization' && endpoint !== 'pushed_authorization_request') return undefined
  if (error !== 'invalid_redirect_uri' && !/^redirect_uri did not match/.test(description ?? ''))
    return undefined
  return details.masked === true ? undefined : details.redirect_uri
}

/** What one click may put right, and doing it. The rules of clients apply to it as to any edit, its audit entry too. */
export function createFixes({
  clients,
  redirectUriProblem,
}: Pick<RejectionsDependencies, 'clients' | 'redirectUriProblem'>) {
  function offer(rejection: Rejection, { client, owners }: FixContext): OfferedFix | undefined {
    const sent = refusedUri(rejection)
    if (sent === undefined || client === undefined || client.disabled) return undefined
    if (client.client_id !== rejection.clientId || !client.grant_types.includes('authorization_code'))
      return undefined
    const fix = redirectFix(sent, client.redirect_uris)
    if (fix === undefined || redirectUriProblem(sent, client.application_type) !== undefined) return undefined
    // Another path that is another client's: the codes of this one would go there.
    if (fix.kind === 'path' && owners.length > 0) return undefined
    return {
      ...fix,
      clientId: client.client_id,
      clientName: client.client_name,
      before: client.redirect_uris,
      after: {
        add: [...client.redirect_uris, fix.add],
        replace: client.redirect_uris.map((uri) => (uri === fix.beside ? fix.add : uri)),
      },
      version: client.version,
    }
  }

  return {
    offer,

    /** Whether the redirect URI that was refused is registered now. */
    isRegistered(rejection: Rejection, client: ClientNow | undefined): boolean {
      const sent = refusedUri(rejection)
      return sent !== undefined && client?.redirect_uris.includes(sent) === true
    },

    /** @throws AppError no_safe_fix (409) · version_conflict (409) · ValidationError, as of clients.update */
    async apply(
      rejection: Rejection,
      around: FixContext,
      mode: FixMode,
      version: string,
    ): Promise<{ clientId: string }> {
      const fix = offer(rejection, around)
      if (fix === undefined)
        throw new AppError('no_safe_fix', 409, message('admin.rejections.fix.impossible'))
      await clients.setRedirectUris(fix.clientId, fix.after[mode], version)
      return { clientId: fix.clientId }
    },
  }
}
