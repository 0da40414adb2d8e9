import { z } from 'zod'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { requirePerson } from './owner.ts'

const apps = operation({
  id: 'myApps',
  tag: 'Profile',
  summary: 'The apps that you may use',
  description:
    'By name: enabled and checked apps that say where they begin, and are for you. None while the setting `app_launcher` is off. Needs a token or a session; no HTTP Basic.',
  caller: {},
  safe: true,
  answers: [
    200,
    'All of them.',
    z.object({
      items: z.array(
        z.object({
          client_id: z.string(),
          name: z.string(),
          logo_uri: z.string().optional(),
          uri: z.string().meta({
            description:
              'Where to lead a person: `initiate_login_uri` of the app with `iss` (OpenID Connect Core §4), else its `client_uri`.',
          }),
        }),
      ),
    }),
  ],
  problems: [401, 403, 429, 503],
})

/** `GET /api/auth/me/apps`: as `/account/apps` shows them. */
export function appRoutes({ known, deps }: ApiContext): void {
  known.get('/me/apps', withLimit(apps, deps.limit('token')), async (request) => ({
    items: (await deps.launchableApps(requirePerson(request).account.id)) ?? [],
  }))
}
