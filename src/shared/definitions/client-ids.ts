import { z } from 'zod'
import { line } from '../text.ts'

const MAX_CLIENTS = 100

/** The clients that a definition is for, by their IDs, each once; none unless given. */
export const clientIds = z
  .array(line(500).pipe(z.string().min(1, 'Leave out what is empty.')), 'Give a list of client IDs.')
  .max(MAX_CLIENTS, `Give at most ${MAX_CLIENTS}.`)
  .transform((all) => [...new Set(all)])
  .default([])
