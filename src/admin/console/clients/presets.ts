import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import type { Registration } from './dependencies.ts'

/** What the form of a kind asks for. */
interface Asks {
  redirectUris?: { hint: TextKey; value?: string }
  postLogout?: boolean
  /** Its public keys, and how far it goes with them. */
  keys?: boolean
  /** Scopes of APIs, to be ticked. */
  apis?: TextKey
}

/** What each is called and is, in words: `admin.clients.kind.…`, `.build.….about`, `.form.….` */
export type BuildId = 'web' | 'spa' | 'native' | 'fapi' | 'device' | 'machine' | 'mcp'

export interface BuildKind {
  id: BuildId
  asks: Asks
  /** What is registered beside what was typed: the safe choice for this kind. */
  metadata: Registration
}

const person = ['authorization_code', 'refresh_token']
const pub = { token_endpoint_auth_method: 'none', grant_types: person }
const secret = { token_endpoint_auth_method: 'client_secret_basic' }

/** “What are you building?” */
export const KINDS: readonly BuildKind[] = [
  {
    id: 'web',
    asks: {
      redirectUris: { hint: 'admin.clients.form.redirect.web' },
      postLogout: true,
    },
    metadata: { ...secret, application_type: 'web', grant_types: person },
  },
  {
    id: 'spa',
    asks: {
      redirectUris: { hint: 'admin.clients.form.redirect.spa' },
      postLogout: true,
    },
    metadata: { ...pub, application_type: 'web' },
  },
  {
    id: 'native',
    asks: {
      redirectUris: { hint: 'admin.clients.form.redirect.native' },
    },
    metadata: { ...pub, application_type: 'native' },
  },
  {
    id: 'fapi',
    asks: {
      redirectUris: { hint: 'admin.clients.form.redirect.fapi' },
      postLogout: true,
      keys: true,
    },
    // The rest follows from the profile (src/clients/fapi-profile.ts).
    metadata: { profile: 'fapi2', application_type: 'web', grant_types: person },
  },
  {
    id: 'device',
    asks: { apis: 'admin.clients.form.apis.device' },
    metadata: {
      ...pub,
      application_type: 'native',
      grant_types: [DEVICE_CODE_GRANT, 'refresh_token'],
    },
  },
  {
    id: 'machine',
    asks: { apis: 'admin.clients.form.apis.machine' },
    metadata: { ...secret, application_type: 'web', grant_types: ['client_credentials'] },
  },
  {
    id: 'mcp',
    asks: {
      redirectUris: {
        hint: 'admin.clients.form.redirect.mcp',
        value: 'http://127.0.0.1/callback\nhttp://localhost/callback',
      },
      apis: 'admin.clients.form.apis.mcp',
    },
    metadata: { ...pub, application_type: 'native' },
  },
]

/** All of them, as pages offer them. */
export const kindsInWords = (): { href: string; title: string; about: string }[] =>
  KINDS.map(({ id }) => ({
    href: `/admin/clients/new?kind=${id}`,
    title: t(`admin.clients.kind.${id}`),
    about: t(`admin.clients.build.${id}.about`),
  }))
