import { DEVICE_CODE_GRANT } from '../../../shared/device-code.ts'
import type { Registration } from './dependencies.ts'

/** What the form of a kind asks for. */
interface Asks {
  redirectUris?: { hint: string; value?: string }
  postLogout?: boolean
  /** Its public keys, and how far it goes with them. */
  keys?: boolean
  /** Scopes of APIs, to be ticked. */
  apis?: string
}

export interface BuildKind {
  id: string
  title: string
  about: string
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
    title: 'Web application',
    about: 'Runs on a server, which keeps a secret. Express, Next.js, Django, Rails, Spring, PHP …',
    asks: {
      redirectUris: {
        hint: 'One on each line, in full: https://app.example/callback. http works on localhost.',
      },
      postLogout: true,
    },
    metadata: { ...secret, application_type: 'web', grant_types: person },
  },
  {
    id: 'spa',
    title: 'Single-page application',
    about: 'Runs in the browser and has no server of its own. React, Vue, Angular, Svelte …',
    asks: {
      redirectUris: {
        hint: 'One on each line, in full: https://app.example/callback. http works on localhost. Their origins may call the token endpoint.',
      },
      postLogout: true,
    },
    metadata: { ...pub, application_type: 'web' },
  },
  {
    id: 'native',
    title: 'Native app',
    about: 'Installed on a phone or a computer, with a browser beside it.',
    asks: {
      redirectUris: {
        hint: 'One on each line: http://127.0.0.1/callback (any port), https://app.example/callback, or a scheme of your own like com.example.app:/callback.',
      },
    },
    metadata: { ...pub, application_type: 'native' },
  },
  {
    id: 'fapi',
    title: 'FAPI 2.0 application',
    about:
      'For money, health and the like: runs on a server, has a key pair instead of a secret, and binds everything to it.',
    asks: {
      redirectUris: { hint: 'One on each line, in full: https://app.example/callback.' },
      postLogout: true,
      keys: true,
    },
    // The rest follows from the profile (src/clients/fapi-profile.ts).
    metadata: { profile: 'fapi2', application_type: 'web', grant_types: person },
  },
  {
    id: 'device',
    title: 'Device, TV or command line',
    about: 'Shows a short code; the person enters it on a phone or another computer and signs in there.',
    asks: { apis: 'What it may do at your APIs' },
    metadata: {
      ...pub,
      application_type: 'native',
      grant_types: [DEVICE_CODE_GRANT, 'refresh_token'],
    },
  },
  {
    id: 'machine',
    title: 'Machine',
    about: 'A service or a job that calls an API for itself; no person signs in.',
    asks: { apis: 'What it may do' },
    metadata: { ...secret, application_type: 'web', grant_types: ['client_credentials'] },
  },
  {
    id: 'mcp',
    title: 'MCP client',
    about: 'An assistant or editor that uses tools of a Model Context Protocol server for a person.',
    asks: {
      redirectUris: {
        hint: 'One on each line. On loopback every port is accepted.',
        value: 'http://127.0.0.1/callback\nhttp://localhost/callback',
      },
      apis: 'What it may do at your MCP servers',
    },
    metadata: { ...pub, application_type: 'native' },
  },
]
