import { DEVICE_CODE_GRANT } from '../shared/device-code.ts'
import {
  type ApplicationType,
  hasPrivateUseScheme,
  isLoopbackHttp,
  isLoopbackHttps,
} from './redirect-uris/redirect-uris.ts'

/** What the type of an application follows from. */
interface Described {
  token_endpoint_auth_method?: string
  redirect_uris?: readonly string[]
  post_logout_redirect_uris?: readonly string[]
  grant_types?: readonly string[]
}

/** A public client on loopback, a private-use scheme or a device is an app on the person's own machine (RFC 8252 §7). */
export function deriveApplicationType(described: Described): ApplicationType {
  if (described.token_endpoint_auth_method !== 'none') return 'web'
  const uris = [...(described.redirect_uris ?? []), ...(described.post_logout_redirect_uris ?? [])]
  if (uris.length === 0 && described.grant_types?.includes(DEVICE_CODE_GRANT)) return 'native'
  if (uris.some(hasPrivateUseScheme)) return 'native'
  return uris.some(isLoopbackHttp) && !uris.some(isLoopbackHttps) ? 'native' : 'web'
}
