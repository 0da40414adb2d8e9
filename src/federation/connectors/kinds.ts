import type { ConnectorKind } from '../connector-kind.ts'
import { github } from './github.ts'
import { google } from './google.ts'
import { openId } from './oidc.ts'

/** The kinds of providers by the name that a configuration uses, in the order in which the console offers them. */
export const kinds: Readonly<Record<string, ConnectorKind>> = { oidc: openId, github, google }
