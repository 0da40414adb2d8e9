import { z } from 'zod'
import type { Activity } from '../../../audit/activity.ts'
import { secondOf } from '../../../shared/moment.ts'

/** Security activity, on `/account/security`. */
export interface ActivitySection {
  items: {
    text: string
    when: string
    datetime: string
    address?: string | undefined
    device?: string | undefined
  }[]
  /** To the first page, from another one. */
  newest?: string | undefined
  older?: string | undefined
}

const SHOWN = 20
const query = z.object({
  before: z
    .string()
    .regex(/^\d{1,9}$/)
    .optional()
    .catch(undefined),
})

/** @param asked the query of the page: `before`, from the link to an older page */
export async function activitySection(
  activity: Activity,
  accountId: string,
  path: string,
  asked: unknown,
): Promise<ActivitySection> {
  const { before } = query.parse(asked ?? {})
  const { items, next_cursor } = await activity.list(accountId, { limit: SHOWN, cursor: before })
  return {
    items: items.map(({ text, at, address, device }) => ({
      text,
      when: secondOf(at),
      datetime: new Date(at).toISOString(),
      address,
      device,
    })),
    newest: before && `${path}#activity`,
    older: next_cursor && `${path}?before=${next_cursor}#activity`,
  }
}
