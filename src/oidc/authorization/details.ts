/** What the pages of an interaction say of it: its client, what it asks for and where it leads. */
import type { Client, Interaction, Provider } from 'oidc-provider'
import type { NeededFactor } from '../../shared/acr.ts'
import { websiteOf } from '../../shared/website.ts'
import { ACCESS } from '../app-access/prompt.ts'
import { HOOK } from '../hooks/sign-in.ts'
import { namedOrganization, ORGANIZATION } from '../organizations/standing.ts'
import { hintedAccount } from '../provider/policy.ts'
import { besideScopes } from '../requested-claims/consent.ts'
import { clientView } from './client-view.ts'
import type { InteractionDetails } from './interaction.ts'
import { restartOf } from './restart.ts'
import { MFA } from './second-factor.ts'
import { SELECT_ACCOUNT } from './select-account.ts'

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)

/** The `client_uri` of a client; without one, for a web client, the origin of the redirect URI. */
function homeOf(client: Client | undefined, redirectUri: string): string | undefined {
  if (client?.clientUri !== undefined) return client.clientUri
  return client?.applicationType === 'web' ? websiteOf(redirectUri)?.origin : undefined
}

function destinationOf(redirectUri: unknown): InteractionDetails['leadsTo'] {
  const url = typeof redirectUri === 'string' ? URL.parse(redirectUri) : null
  if (url === null) return undefined
  const website = websiteOf(redirectUri)
  return website === undefined ? { appScheme: url.protocol } : { website: website.host }
}

/** The device whose user code an interaction is about. */
export async function deviceAsking(
  provider: Provider,
  { deviceCode, iat }: Interaction,
): Promise<InteractionDetails['device']> {
  if (deviceCode === undefined) return undefined
  const code = await provider.DeviceCode.find(deviceCode, { ignoreExpiration: true })
  const { address = '', userAgent = '' } = (code?.deviceInfo ?? {}) as {
    address?: string
    userAgent?: string
  }
  return { address, userAgent, askedAt: code?.iat ?? iat, expired: code?.isExpired ?? true }
}

/** What of a request has not been allowed yet. */
export function missing(interaction: Interaction): InteractionDetails['missing'] {
  const details = interaction.prompt.details as {
    missingOIDCScope?: string[]
    missingOIDCClaims?: string[]
    missingResourceScopes?: Record<string, string[]>
  }
  return {
    scopes: details.missingOIDCScope ?? [],
    claims: details.missingOIDCClaims ?? [],
    resources: details.missingResourceScopes ?? {},
  }
}

const OWN_PAGES = [MFA, SELECT_ACCOUNT, ORGANIZATION, ACCESS, HOOK] as const

/** The page that an interaction waits at. */
export const promptOf = ({ prompt }: Interaction) =>
  OWN_PAGES.find((name) => name === prompt.name) ?? 'consent'

/** The client as pages show it; they wear the brand of the organization too that the request names. */
export function shownClient(
  { params }: Interaction,
  client: Client | undefined,
): InteractionDetails['client'] {
  const id = String(params.client_id)
  const view = { id, ...(clientView(client) ?? { name: id, unverified: false }) }
  const organization = namedOrganization(params)
  return view.brand === undefined ? view : { ...view, brand: { ...view.brand, organization } }
}

/** What the authorization request says, and the prompt. */
export function saidOf(
  interaction: Interaction,
  client: Client | undefined,
): Omit<InteractionDetails, 'client' | 'prompt' | 'accountId' | 'device'> {
  const { params } = interaction
  const { message: denied, needed } = interaction.prompt.details as {
    message?: string
    needed?: NeededFactor
  }
  return {
    ...{ uid: interaction.uid, denied, needed },
    loginHint: text(params.login_hint),
    expects: hintedAccount(params),
    startedAt: interaction.iat,
    organization: namedOrganization(params),
    leadsTo: destinationOf(params.redirect_uri),
    homeUrl: homeOf(client, String(params.redirect_uri)),
    restartUrl: restartOf(interaction),
    requestedScopes: String(params.scope ?? '')
      .split(' ')
      .filter(Boolean),
    requestedClaims: besideScopes(params),
    staysConnected: client?.grantTypeAllowed('refresh_token') ?? false,
    missing: missing(interaction),
  }
}
