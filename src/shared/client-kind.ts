import { DEVICE_CODE_GRANT } from './device-code.ts'

/** What is being built, as far as a registration tells. */
export type ClientKind = 'web' | 'spa' | 'native' | 'device' | 'machine'

/** As lists of clients have it: one with a FAPI profile is a kind of its own. */
export const LISTED_KINDS = ['web', 'spa', 'native', 'device', 'machine', 'fapi'] as const
export type ListedKind = (typeof LISTED_KINDS)[number]

/** What of a registration tells its kind. */
interface Registered {
  grant_types: readonly string[]
  token_endpoint_auth_method: string
  application_type: string
}

export function kindOf(client: Registered): ClientKind {
  const has = (grant: string) => client.grant_types.includes(grant)
  if (!has('authorization_code'))
    return has(DEVICE_CODE_GRANT) && !has('client_credentials') ? 'device' : 'machine'
  if (client.token_endpoint_auth_method !== 'none') return 'web'
  return client.application_type === 'native' ? 'native' : 'spa'
}

export const listedKindOf = (client: Registered & { profile?: string | undefined }): ListedKind =>
  client.profile === undefined ? kindOf(client) : 'fapi'
