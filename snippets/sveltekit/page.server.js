import { signIn, signOut } from '../auth.js'

export const load = async ({ locals }) => ({ session: await locals.auth() })

export const actions = { signIn, signOut }
