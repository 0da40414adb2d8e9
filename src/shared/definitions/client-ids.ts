import { z } from 'zod'
import { saying } from '../locales/texts.ts'
import { line } from '../text.ts'

const MAX_CLIENTS = 100

/** The clients that a definition is for, by their IDs, each once; none unless given. */
export const clientIds = z
  .array(
    line(500).pipe(z.string().min(1, saying('admin.definitions.problem.empty'))),
    saying('admin.definitions.problem.client_ids'),
  )
  .max(MAX_CLIENTS, saying('field.atMostItems', { max: MAX_CLIENTS }))
  .transform((all) => [...new Set(all)])
  .default([])
