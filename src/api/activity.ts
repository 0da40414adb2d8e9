import { z } from 'zod'
import { type ApiContext, withLimit } from './context.ts'
import { timestamp } from './fields.ts'
import { operation } from './operation.ts'
import { requirePerson } from './owner.ts'

const activity = operation({
  id: 'myActivity',
  tag: 'Profile',
  summary: 'What happened to your account',
  description:
    'The last 90 days, the newest first: sign-ins, wrong passwords, changes of factors, what apps were allowed. Needs a token or a session; no HTTP Basic.',
  caller: {},
  safe: true,
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(100).optional().meta({ description: '50 unless given.' }),
    cursor: z
      .string()
      .regex(/^\d{1,9}$/)
      .optional()
      .meta({ description: '`next_cursor` of the page before.' }),
  }),
  answers: [
    200,
    'A page.',
    z.object({
      items: z.array(
        z.object({
          id: z.string(),
          at: timestamp,
          type: z.string().meta({ examples: ['account.signed_in'], description: 'Types may be added.' }),
          text: z.string().meta({ examples: ['You signed in with a passkey'] }),
          address: z.string().optional().meta({
            description:
              'The network address, of what you did and of what was done without a sign-in. Never one of an administrator.',
          }),
          device: z
            .string()
            .optional()
            .meta({ examples: ['Firefox on Linux'], description: 'Of a sign-in, where it is known.' }),
        }),
      ),
      next_cursor: z.string().optional().meta({ description: 'Absent on the last page.' }),
    }),
  ],
  problems: [401, 403, 429, 503],
})

/** `GET /api/auth/me/activity`: as `/account/security` shows it. */
export function activityRoutes({ known, deps }: ApiContext): void {
  known.get('/me/activity', withLimit(activity, deps.limit('token')), async (request) => {
    const { account } = requirePerson(request)
    const { items, next_cursor } = await deps.activity.list(account.id, request.query)
    return { items: items.map((item) => ({ ...item, at: new Date(item.at).toISOString() })), next_cursor }
  })
}
