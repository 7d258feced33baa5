"""The five plots of the Day-14 report, drawn as SVG elements that always have the same bytes.

``thinning`` reduces what is drawn, ``canvas`` draws, ``figures`` decides what each plot says.
"""

from razor.app.report.plots.figures import figures

__all__ = ["figures"]
