"""Charts: uPlot as it was released, and long series made short. Imports no room."""
