/** How long a machine with other things to do may take for what takes a moment, in milliseconds. */
export const PATIENCE = 60_000
