import type { ConnectorKind } from '../connector.ts'
import { github } from './github.ts'
import { google } from './google.ts'
import { openId } from './oidc.ts'

/** The kinds of providers, by the name that a configuration uses. */
export const kinds: Readonly<Record<string, ConnectorKind>> = { github, google, oidc: openId }
