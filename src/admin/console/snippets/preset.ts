import { t } from '../../../shared/locales/texts.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import { renderStack } from './all.ts'
import type { SnippetPart } from './fill.ts'
import { needsOf } from './registration.ts'
import { type SnippetClient, type SnippetValues, snippetValues } from './snippet.ts'
import { type Authentication, allStacks, type Stack } from './stack.ts'

/** A program that is registered in one step. */
export type Preset = Stack & { preset: NonNullable<Stack['preset']> }

const isPreset = (stack: Stack): stack is Preset => stack.preset !== undefined

/** All of them, by name. */
export const presets = (): Preset[] => allStacks().filter(isPreset)

/** @throws ValidationError of `preset`, naming those that there are */
export function presetOf(id: string): Preset {
  const found = presets().find((each) => each.id === id)
  if (found === undefined)
    throw new ValidationError({
      preset: t('admin.clients.preset.is', {
        presets: presets()
          .map((each) => each.id)
          .join(', '),
      }),
    })
  return found
}

const METHODS: Readonly<Record<Authentication, string>> = {
  basic: 'client_secret_basic',
  post: 'client_secret_post',
  key: 'private_key_jwt',
  none: 'none',
}

/** Where people are who use a program on their own computer; any port will do (RFC 8252 §7.3). */
const LOOPBACK = 'http://127.0.0.1'

/**
 * The address of a program as its redirect URIs begin: without a slash at the end.
 * @throws ValidationError of `url`
 */
function addressOf({ name, preset }: Preset, typed: string): string {
  const wrong = (message: string) => new ValidationError({ url: message })
  if (preset.url === undefined) {
    if (typed !== '') throw wrong(t('admin.clients.preset.url.none', { name }))
    return LOOPBACK
  }
  if (typed === '') throw wrong(t('admin.clients.preset.url.needed', { name, example: preset.url }))
  const url = URL.parse(typed)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw wrong(t('admin.clients.preset.url.wrong', { example: preset.url }))
  if (url.username || url.password || url.search || url.hash || /[?#]/.test(typed))
    throw wrong(t('admin.clients.preset.url.more'))
  const path = url.pathname.replace(/\/+$/, '')
  if (path !== '' && !preset.atPath)
    throw wrong(t('admin.clients.preset.url.path', { name, example: preset.url }))
  // What is copied has it within quotation marks.
  if (!/^[\w.:[\]-]+$/.test(url.host) || !/^[\w./~-]*$/.test(path))
    throw wrong(t('admin.clients.preset.url.characters'))
  return `${url.origin}${path}`
}

/** As far as redirect URIs and the like follow from an address. */
const valuesAt = ({ kinds, redirectPath, preset }: Preset, address: string): SnippetValues => {
  const redirectUri = `${address}${redirectPath ?? '/callback'}`
  return {
    kinds,
    hardened: false,
    signed: false,
    signingAlgorithm: 'RS256',
    issuer: 'https://id.example',
    clientId: 'CLIENT_ID',
    authentication: preset.authentication,
    redirectUri,
    redirectUris: [redirectUri],
    postLogoutUris: [],
    backchannelUri: undefined,
    scope: preset.scope,
    api: undefined,
  }
}

/**
 * What a program at an address is registered with; whether that may be is for the service of clients to say.
 * @param typed the address at which people open it; empty for one that is on their own computers
 * @throws ValidationError of `url`
 */
export function presetRegistration(stack: Preset, typed: string) {
  const { preset, name } = stack
  const values = valuesAt(stack, addressOf(stack, typed.trim()))
  const { redirectUris, postLogoutUri, withoutPkce } = needsOf(stack, values)
  return {
    client_name: name,
    application_type: preset.url === undefined ? 'native' : 'web',
    token_endpoint_auth_method: METHODS[preset.authentication],
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: redirectUris.length > 0 ? redirectUris : [values.redirectUri],
    ...(postLogoutUri !== undefined && { post_logout_redirect_uris: [postLogoutUri] }),
    scope: preset.scope,
    ...(withoutPkce && { pkce: 'optional' }),
    // What most of them read; where it is looked for in the ID Token it has to be there.
    id_token_identity_claims: true,
  }
}

/** The lines to paste, with the values of the client. @param secret where it has just been issued */
export const presetLines = (
  stack: Preset,
  issuer: string,
  client: SnippetClient,
  secret: string | undefined,
): SnippetPart[] => renderStack(stack, { ...snippetValues(issuer, client, []), secret }).parts
