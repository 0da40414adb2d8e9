import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import manifest from '../../package.json' with { type: 'json' }

const ABOUT = `Signing in and managing one’s own account, for first-party apps and scripts; and administering this server.

Apps in a browser or on a phone do better with the authorization code flow, which never shows them a password.

- Bodies are JSON objects of at most 16 KiB, below \`/api/admin\` 64 KiB. Unknown fields are refused.
- Errors are problem details (RFC 9457). Switch on \`code\`; \`detail\` is for people and may change.
- While the database cannot be reached, every operation answers 503 with \`Retry-After\`.
- There is no CORS: pages of other origins use the code flow.
- Requests by cookie that change something need \`Content-Type: application/json\`.
- Below \`/api/admin\` only access tokens of the resource \`…/api/admin\` count, with the scope that the operation names.`

const ADMIN_SCOPES = { 'admin:read': 'Look at everything.', 'admin:write': 'Look, and change everything.' }

/** Collects the routes of a context into an OpenAPI 3.1 document. Before its routes. */
export async function registerOpenApi(app: FastifyInstance, options: { issuer: URL }): Promise<void> {
  const secure = options.issuer.protocol === 'https:'
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        description: ABOUT,
        version: manifest.version,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: options.issuer.origin }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An access token of `login` or `refresh`.' },
          basic: {
            type: 'http',
            scheme: 'basic',
            description:
              'Username or email address and password, of an account with a second factor an app password; or a token as the user name with an empty password. Over https only, or on the same machine.',
          },
          administration: {
            type: 'oauth2',
            description:
              'An access token whose resource is `…/api/admin`: of a client that acts for itself, or of a first-party app in which an administrator or auditor has signed in. To write includes to read.',
            flows: {
              clientCredentials: { tokenUrl: `${options.issuer.origin}/token`, scopes: ADMIN_SCOPES },
              authorizationCode: {
                authorizationUrl: `${options.issuer.origin}/authorize`,
                tokenUrl: `${options.issuer.origin}/token`,
                scopes: ADMIN_SCOPES,
              },
            },
          },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: secure ? '__Host-latchkey_session' : 'latchkey_session',
            description: 'The sign-in session of a browser, set by `session/login` or the sign-in page.',
          },
        },
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => tidy(jsonSchemaTransformObject(document) as Document),
  })
}

interface Document {
  paths?: Record<string, Record<string, { operationId?: string; requestBody?: { required?: boolean } }>>
  components?: { schemas?: object }
}

/** Operations whose body may be left out; the generator takes every body that is described for required. */
const BODY_OPTIONAL = new Set([
  'removeManagedOrganizationProvider',
  'testManagedOrganizationProvider',
  'enableManagedOrganizationProvider',
  'disableManagedOrganizationProvider',
  'sendVerification',
  'logout',
  'removeFactor',
  'renewRecoveryCodes',
  'removeAppPassword',
  'rotateClientSecret',
  'rotateKeys',
  'removeManagedGroupMember',
  'removeManagedOrganizationMember',
  'sendManagedOrganizationInvitation',
  'verifyManagedOrganizationDomain',
  'removeManagedOrganizationDomain',
  'revokeManagedOrganizationInvitation',
])

function tidy(document: Document): Document {
  for (const { operationId = '', requestBody } of Object.values(document.paths ?? {}).flatMap(Object.values))
    if (requestBody && BODY_OPTIONAL.has(operationId)) requestBody.required = false
  // Each component comes twice, as it is sent and as it is received; ours are only ever sent by us.
  const schemas = Object.entries(document.components?.schemas ?? {}).filter(
    ([name]) => !name.endsWith('Input'),
  )
  return { ...document, components: { ...document.components, schemas: Object.fromEntries(schemas) } }
}
