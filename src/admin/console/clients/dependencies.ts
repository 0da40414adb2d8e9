import type { Clients } from '../../../clients/clients.ts'
import type { FormSection } from '../../../clients/fields/form.ts'
import type { ClientListing } from '../../../clients/listing/listing.ts'
import type { Resources } from '../../../clients/resources/resources.ts'
import type { ClientScopes } from '../../../clients/scopes/registered.ts'
import type { Cookies } from '../../../http/cookies/cookies.ts'
import type { SealedCookies } from '../../../http/cookies/sealed-cookie.ts'
import type { ClientUsage } from '../../../oidc/usage/client-usage.ts'
import type { TryDependencies } from '../try-it/dependencies.ts'
import type { NamedAccess } from './named-access.ts'

/** What was sent of a registration, not checked yet. */
export type Registration = Record<string, unknown>

/** What the clients' pages need. Every rule is the service's. */
export interface ClientsDependencies extends TryDependencies, NamedAccess {
  clients: Pick<
    Clients,
    | 'create'
    | 'get'
    | 'list'
    | 'update'
    | 'disable'
    | 'enable'
    | 'delete'
    | 'rotateSecret'
    | 'removeSecret'
    | 'lendSecret'
    | 'setVerified'
  >
  /** The list, as it is looked through. */
  clientListing: ClientListing
  /** The form to edit a client: its sections and fields. */
  clientForm: readonly FormSection[]
  /** The registered APIs; the newest hundred. */
  listApis: () => ReturnType<Resources['list']>
  /** What the scopes of a client stand for now. */
  clientScopes: Pick<ClientScopes, 'sorted'>
  /** What ends with a client. */
  usageOf(clientId: string): Promise<ClientUsage>
  /** Up to how many of each it counts. */
  usageCounted: number
  cookies: Cookies
  sealed: SealedCookies
}
